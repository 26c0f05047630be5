// Package box runs the whole of tezi on one machine: it lays out the run directory, starts the
// three participants (as processes of this program that it watches and restarts, as goroutines
// over rings, or as processes that somebody else has started), feeds the engine from a source of
// commands at a chosen pace, compares fills if asked, and makes the report.
//
//	source ─▶ Feed (pace) ─▶ engine ─┬─ link ─ risk
//	                          │      ├─ link ─ settlement
//	                          │      └─ link ─ marketdata
//	                          └─▶ Commit ─▶ fills check
//
// The run directory (docs/formats/run-directory.md):
//
//	run.json       what was run, with every setting that the result depends on
//	engine/        the command log
//	risk/ settlement/ marketdata/    journal, state files, state.json
//	report.json    the report, and one STAGE.hgrm for each stage
package box
