// Package datatest finds the recorded market data that tests replay.
//
// The data is not part of the repository. It lies in the directory that TEZI_DATA names, or else in
// ../shared/data beside the repository, one directory for each recording. Dir says what happens
// where it is missing.
package datatest
