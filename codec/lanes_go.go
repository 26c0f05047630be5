//go:build !amd64 || race || purego

package codec

import "unsafe"

// Without the instructions nothing goes through lanes, and nobody calls what is below.
const lanesFit = false

func turnIn(*lanes, *Trade, int) {}

func turnOut(*Trade, *lanes, int) {}

func laneBounds(*uint64, int, *laneColumn, *[8]uint64, *[8]uint64) {}

func lanePack(unsafe.Pointer, *uint64, int, *laneColumn, *laneWidth) {}

func laneUnpack(*uint64, unsafe.Pointer, int, *laneColumn, *laneWidth) {}
