// Package rundir knows the directory that a run leaves behind: its names, the run file that says
// what was run with which settings, and how to make the participants' roles again from it.
// docs/formats/run-directory.md draws it.
package rundir
