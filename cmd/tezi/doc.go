// Command tezi is the trading core's one program: it replays captures through the engine and its
// participants, generates trading days, converts and inspects captures, and verifies what a run
// has left. "tezi --help" lists the commands.
package main
