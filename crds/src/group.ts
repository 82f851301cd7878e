/** Our group and version. */
export const apiVersion = "stint.dev/v1alpha1";
