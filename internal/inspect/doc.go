// Package inspect tells what the logs of a run hold, for people who look for something: how many
// records of which kind, up to where they go, and how they end; and what the files beside them say of
// themselves. It proves nothing; that is what package verify does.
package inspect
