// A project of several files: the entry point names the ones that it is made of.
//   stint deploy examples/render/tasks.ts --bundle render
//   stint run render/process_photo_upload --input '["https://photos.example/4000x3000/cat.jpg"]' --wait
import { combine } from "@stint/sdk";

import { numbers } from "./numbers.ts";
import { photos } from "./photos.ts";

export const tasks = combine(numbers, photos);
