// Commands of CLI for Microsoft 365, one after the other in one process, by its own interface for
// Node (executeCommand): it takes over two seconds of a processor to start.
// Reads [[command, options], …] from the standard input, prints what each said or failed with.
import { executeCommand } from "@pnp/cli-microsoft365";

const seen = [];
for (const [command, options] of JSON.parse(await new Response(process.stdin).text())) {
  try {
    const { stdout } = await executeCommand(command, { ...options, output: "json" });
    seen.push({ command, said: stdout ? JSON.parse(stdout) : null });
  } catch (refused) {
    const { error, stderr } = refused;
    seen.push({ command, refused: error?.message ?? String(refused), log: stderr });
  }
}
// Ended by force: what it uses for telemetry keeps timers, even when it is turned off.
process.stdout.write(JSON.stringify(seen), () => process.exit(0));
