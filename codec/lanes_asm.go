//go:build amd64 && !race && !purego

package codec

import "unsafe"

// lanesFit says whether the processor has the instructions: AVX-512 with VBMI, as servers have since Ice Lake and
// Zen 4.
var lanesFit = canLanes()

func canLanes() bool

//go:noescape
func turnIn(words *lanes, trades *Trade, groups int)

//go:noescape
func turnOut(trades *Trade, words *lanes, groups int)

//go:noescape
func laneBounds(words *uint64, groups int, c *laneColumn, low, high *[8]uint64)

//go:noescape
func lanePack(out unsafe.Pointer, words *uint64, groups int, c *laneColumn, w *laneWidth)

//go:noescape
func laneUnpack(words *uint64, in unsafe.Pointer, groups int, c *laneColumn, w *laneWidth)
