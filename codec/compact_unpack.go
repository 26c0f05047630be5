package codec

import "unsafe"

// unpack reads n values of width bits in groups, adds low to each, and writes them stride bytes
// apart. There are compactSlack bytes behind the groups.
func unpack[F field](out unsafe.Pointer, stride uintptr, in unsafe.Pointer, n int, low F, width int) {
	of, size := group(width)
	w, mask := uint(width)&63, ^uint64(0)>>(64-uint(width))
	at := uintptr(0)
	set := func(k uintptr, x uint64) { *(*F)(unsafe.Add(out, at+k*stride)) = low + F(x&mask) }
	for ; n >= of; n -= of {
		x := get8(in)
		switch of {
		case 8:
			set(0, x)
			x >>= w
			set(1, x)
			x >>= w
			set(2, x)
			x >>= w
			set(3, x)
			x >>= w
			set(4, x)
			x >>= w
			set(5, x)
			x >>= w
			set(6, x)
			x >>= w
			set(7, x)
		case 4:
			set(0, x)
			x >>= w
			set(1, x)
			x >>= w
			set(2, x)
			x >>= w
			set(3, x)
		case 2:
			set(0, x)
			set(1, x>>w)
		default:
			set(0, x)
		}
		in = unsafe.Add(in, size)
		at += uintptr(of) * stride
	}
	if n > 0 { // the last group is not full
		x := get8(in)
		for k := range n {
			set(uintptr(k), x)
			x >>= w
		}
	}
}
