// Loaded into the operator before its own code: whoever started it is gone when the channel closes, and so is the need for it.
// It is killed, not asked to exit: at its exit it would flush its log into a pipe that nobody reads any more, again and again.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.channel?.unref();
