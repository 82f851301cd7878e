// The job as it was before it was corrected: a granule with a cloud in it makes it fail. Once the correction is deployed, the
// same job goes on where it stood, and what had been done is kept:
//   stint deploy examples/tilebox/tasks.ts --bundle tilebox
//   stint retry <run> --latest
import { cloud, defineJob } from "./job.ts";

defineJob((pixels) => {
  if (pixels.includes(cloud)) throw new Error("there is a cloud");
  return pixels.reduce((sum, pixel) => sum + pixel, 0) / pixels.length;
});
