// Loaded into the operator before its own code: whoever started it is gone when the channel closes, and so is the need for it.
process.on("disconnect", () => process.exit(0));
process.channel?.unref();
