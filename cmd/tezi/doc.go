// Command tezi is the trading core's only program: it replays captures through the engine and its
// participants, generates trading days, converts and inspects captures, and verifies the logs of
// a run. "tezi --help" lists the commands.
package main
