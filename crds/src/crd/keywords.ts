// The keywords of a structural schema, by what they speak of.

export const ofAnnotation = ["description", "default", "nullable"] as const;
export const ofString = ["enum", "format", "pattern", "minLength", "maxLength"] as const;
export const ofNumber = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"] as const;
export const ofList = ["items", "minItems", "maxItems"] as const;
export const ofObject = ["properties", "required", "minProperties", "maxProperties"] as const;
export const ofUnion = ["anyOf", "oneOf"] as const;

/** What a junctor may say: it restricts values, and neither types nor documents them. */
export const restrictions = [...ofString, ...ofNumber, ...ofList, ...ofObject, ...ofUnion, "allOf", "not"] as const;
