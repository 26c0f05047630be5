package codec

import "unsafe"

// castSlice views b, whose length is a multiple of T's size and which is 8-byte aligned, as []T.
func castSlice[T any](b []byte) []T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	if len(b) == 0 {
		return nil
	}
	if len(b)%size != 0 || uintptr(unsafe.Pointer(unsafe.SliceData(b)))%8 != 0 {
		panic("codec: cast of misaligned or odd-sized bytes")
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/size)
}

func castBytes[T any](s []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(zero)))
}

// TradeBytes views trades as bytes; it aliases s.
func TradeBytes(s []Trade) []byte { return castBytes(s) }

// InstrumentBytes views instruments as bytes; it aliases s.
func InstrumentBytes(s []Instrument) []byte { return castBytes(s) }

// CommandBytes views commands as bytes; it aliases s.
func CommandBytes(s []Command) []byte { return castBytes(s) }

// Commands views bytes as commands. It aliases b unless b is misaligned. ok is false if the length
// is not a whole number of commands.
func Commands(b []byte) (s []Command, ok bool) {
	if len(b)%CommandSize != 0 {
		return nil, false
	}
	if uintptr(unsafe.Pointer(unsafe.SliceData(b)))%8 != 0 {
		b = alignedCopy(b)
	}
	return castSlice[Command](b), true
}
