package codec

import "unsafe"

// The inner loops of reading the compact form; see compact_pack.go. There are compactSlack bytes behind the groups.

// setAt sets the value of a column, k trades behind the offset.
func setAt[F field](out unsafe.Pointer, at uintptr, k int, v F) {
	*(*F)(unsafe.Add(out, at+uintptr(k*TradeSize))) = v
}

// unpack reads n values of width bits in groups and adds low to each.
func unpack[F field](out, in unsafe.Pointer, n int, low F, width int) {
	of, size := group(width)
	w, mask := uint(width)&63, ^uint64(0)>>(64-uint(width))
	from, at := uintptr(0), uintptr(0)
	whole := uintptr(n/of) * TradeSize * uintptr(of)
	switch of {
	case 8:
		for ; at < whole; at += 8 * TradeSize {
			x := get8(unsafe.Add(in, from))
			setAt(out, at, 0, low+F(x&mask))
			x >>= w
			setAt(out, at, 1, low+F(x&mask))
			x >>= w
			setAt(out, at, 2, low+F(x&mask))
			x >>= w
			setAt(out, at, 3, low+F(x&mask))
			x >>= w
			setAt(out, at, 4, low+F(x&mask))
			x >>= w
			setAt(out, at, 5, low+F(x&mask))
			x >>= w
			setAt(out, at, 6, low+F(x&mask))
			x >>= w
			setAt(out, at, 7, low+F(x&mask))
			from += uintptr(size)
		}
	case 4:
		for ; at < whole; at += 4 * TradeSize {
			x := get8(unsafe.Add(in, from))
			setAt(out, at, 0, low+F(x&mask))
			x >>= w
			setAt(out, at, 1, low+F(x&mask))
			x >>= w
			setAt(out, at, 2, low+F(x&mask))
			x >>= w
			setAt(out, at, 3, low+F(x&mask))
			from += uintptr(size)
		}
	case 2:
		for ; at < whole; at += 2 * TradeSize {
			x := get8(unsafe.Add(in, from))
			setAt(out, at, 0, low+F(x&mask))
			setAt(out, at, 1, low+F(x>>w&mask))
			from += uintptr(size)
		}
	default:
		for ; at < whole; at += TradeSize {
			setAt(out, at, 0, low+F(get8(unsafe.Add(in, from))&mask))
			from += uintptr(size)
		}
	}
	if n %= of; n > 0 { // the last group is not full
		x := get8(unsafe.Add(in, from))
		for k := range n {
			setAt(out, at, k, low+F(x&mask))
			x >>= w
		}
	}
}

// unpackSteps reads n values, each of which is the one before, plus low, plus width bits of the groups.
func unpackSteps[F field](out, in unsafe.Pointer, n int, before, low F, width int) {
	of, size := group(width)
	w, mask := uint(width)&63, ^uint64(0)>>(64-uint(width))
	v := before
	from, at := uintptr(0), uintptr(0)
	whole := uintptr(n/of) * TradeSize * uintptr(of)
	if of == 8 || of == 4 {
		for half := of / 4; at < whole; half = of / 4 {
			x := get8(unsafe.Add(in, from))
			from += uintptr(size)
			for ; half > 0; half-- {
				v += low + F(x&mask)
				setAt(out, at, 0, v)
				x >>= w
				v += low + F(x&mask)
				setAt(out, at, 1, v)
				x >>= w
				v += low + F(x&mask)
				setAt(out, at, 2, v)
				x >>= w
				v += low + F(x&mask)
				setAt(out, at, 3, v)
				x >>= w
				at += 4 * TradeSize
			}
		}
		n %= of
	}
	for ; n > 0; at += uintptr(of) * TradeSize {
		of = min(of, n) // the last group may not be full
		x := get8(unsafe.Add(in, from))
		for k := range of {
			v += low + F(x&mask)
			setAt(out, at, k, v)
			x >>= w
		}
		from += uintptr(size)
		n -= of
	}
}
