package booktest

import "encoding/binary"

// Random is a small generator for tests: the same seed, the same bytes, on every machine and with every
// version of Go. (splitmix64)
type Random uint64

// Next returns 64 random bits.
func (r *Random) Next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Commands returns n random commands for Play.
func (r *Random) Commands(n int) []byte { return r.AppendCommands(make([]byte, 0, n*CommandSize), n) }

// AppendCommands appends n random commands to dst.
func (r *Random) AppendCommands(dst []byte, n int) []byte {
	for range n * CommandSize / 8 {
		dst = binary.LittleEndian.AppendUint64(dst, r.Next())
	}
	return dst
}
