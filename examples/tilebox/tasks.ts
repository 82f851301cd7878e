// A job of subtasks that are handed over, on machines of different sizes.
//   stint deploy examples/tilebox/tasks.ts --bundle tilebox
//   stint run tilebox/job --input '[["S2A", "S2B"], "https://archive.example"]'
//   stint tree <run>
import { cloud, defineJob } from "./job.ts";

defineJob((pixels) => {
  const clear = pixels.filter((pixel) => pixel !== cloud);
  return clear.length === 0 ? 0 : clear.reduce((sum, pixel) => sum + pixel, 0) / clear.length;
});
