// Package word measures what every way between two cores stands on: a bare word that goes to and fro. It is the anchor of
// latencies: where a host moves the cores about, a figure says little without it.
package word
