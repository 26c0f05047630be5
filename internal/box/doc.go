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
// docs/formats/run-directory.md draws the run directory.
package box
