package codec

import "unsafe"

// The inner loops of writing the compact form. The values of a column lie TradeSize apart, so every offset within a
// group is a constant; and each size of a group has a loop of its own, in which nothing is left to decide.
//
// Here and in compact_unpack.go an offset moves on and no pointer does: behind the last value there may be
// other memory.

// valueAt is the value of a column, k trades behind the offset.
func valueAt[F field](in unsafe.Pointer, at uintptr, k int) F {
	return *(*F)(unsafe.Add(in, at+uintptr(k*TradeSize)))
}

// bounds returns the least and the greatest of n values. Four pairs take turns, because each comparison has to wait
// for the one before.
func bounds[F field](in unsafe.Pointer, n int) (low, high F) {
	low = *(*F)(in)
	high = low
	low2, high2, low3, high3, low4, high4 := low, low, low, low, low, low
	at := uintptr(0)
	for ; n >= 4; n -= 4 {
		x, y := valueAt[F](in, at, 0), valueAt[F](in, at, 1)
		low, high = min(low, x), max(high, x)
		low2, high2 = min(low2, y), max(high2, y)
		x, y = valueAt[F](in, at, 2), valueAt[F](in, at, 3)
		low3, high3 = min(low3, x), max(high3, x)
		low4, high4 = min(low4, y), max(high4, y)
		at += 4 * TradeSize
	}
	for ; n > 0; n-- {
		x := valueAt[F](in, at, 0)
		low, high = min(low, x), max(high, x)
		at += TradeSize
	}
	return min(low, low2, low3, low4), max(high, high2, high3, high4)
}

// boundsOfSteps is bounds of what each value exceeds the one before by.
func boundsOfSteps[F field](in unsafe.Pointer, n int, before F) (low, high F) {
	low = *(*F)(in) - before
	high = low
	for at := uintptr(0); at < uintptr(n*TradeSize); at += TradeSize {
		x := valueAt[F](in, at, 0)
		low, high = min(low, x-before), max(high, x-before)
		before = x
	}
	return low, high
}

// pack writes n values, less low and of width bits, in groups.
func pack[F field](out, in unsafe.Pointer, n int, low F, width int) {
	of, size := group(width)
	w := uint(width) & 63
	to := uintptr(0)
	whole := uintptr(n/of) * TradeSize * uintptr(of)
	at := uintptr(0)
	switch of {
	case 8:
		for ; at < whole; at += 8 * TradeSize {
			x := uint64(valueAt[F](in, at, 7) - low)
			x = x<<w | uint64(valueAt[F](in, at, 6)-low)
			x = x<<w | uint64(valueAt[F](in, at, 5)-low)
			x = x<<w | uint64(valueAt[F](in, at, 4)-low)
			x = x<<w | uint64(valueAt[F](in, at, 3)-low)
			x = x<<w | uint64(valueAt[F](in, at, 2)-low)
			x = x<<w | uint64(valueAt[F](in, at, 1)-low)
			x = x<<w | uint64(valueAt[F](in, at, 0)-low)
			put8(unsafe.Add(out, to), x)
			to += uintptr(size)
		}
	case 4:
		for ; at < whole; at += 4 * TradeSize {
			x := uint64(valueAt[F](in, at, 3) - low)
			x = x<<w | uint64(valueAt[F](in, at, 2)-low)
			x = x<<w | uint64(valueAt[F](in, at, 1)-low)
			x = x<<w | uint64(valueAt[F](in, at, 0)-low)
			put8(unsafe.Add(out, to), x)
			to += uintptr(size)
		}
	case 2:
		for ; at < whole; at += 2 * TradeSize {
			put8(unsafe.Add(out, to), uint64(valueAt[F](in, at, 1)-low)<<w|uint64(valueAt[F](in, at, 0)-low))
			to += uintptr(size)
		}
	default:
		for ; at < whole; at += TradeSize {
			put8(unsafe.Add(out, to), uint64(valueAt[F](in, at, 0)-low))
			to += uintptr(size)
		}
	}
	if n %= of; n > 0 { // the last group is not full
		x := uint64(0)
		for k := n - 1; k >= 0; k-- {
			x = x<<w | uint64(valueAt[F](in, at, k)-low)
		}
		put8(unsafe.Add(out, to), x)
	}
}

// packSteps is pack of what each value exceeds the one before by.
func packSteps[F field](out, in unsafe.Pointer, n int, before, low F, width int) {
	of, size := group(width)
	w := uint(width) & 63
	to := uintptr(0)
	for at := uintptr(0); n > 0; at += uintptr(of) * TradeSize {
		of = min(of, n) // the last group may not be full
		high := valueAt[F](in, at, of-1)
		last := high
		x := uint64(0)
		for k := of - 2; k >= 0; k-- {
			v := valueAt[F](in, at, k)
			x = (x | uint64(high-v-low)) << w
			high = v
		}
		put8(unsafe.Add(out, to), x|uint64(high-before-low))
		before = last
		to += uintptr(size)
		n -= of
	}
}
