package ledger

// PaiseScale is the number of decimal digits of an amount in paise.
const PaiseScale = 2

// TurnoverMax bounds the turnover, which is the sum of the values of all trades, in paise; and that of each instrument, in the
// units of its price. Every sum that a role keeps is at most twice one of them, so none can overflow (invariant L3). It is
// 10,000 times the turnover of a busy day at NSE.
const TurnoverMax = 1 << 60

var powers = [PriceScaleMax + 1]int64{1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000}

// Paise converts an amount, not negative, with scale decimal digits to paise. Finer digits are
// rounded up: an exposure is never shown smaller than it is.
func Paise(amount int64, scale uint8) int64 {
	switch {
	case scale == PaiseScale:
		return amount
	case scale < PaiseScale:
		return amount * powers[PaiseScale-scale]
	}
	return DivideUp(amount, powers[scale-PaiseScale])
}

// DivideUp returns amount/by rounded up; amount is not negative.
func DivideUp(amount, by int64) int64 {
	q := amount / by
	if amount%by != 0 {
		q++
	}
	return q
}

// DivideHalfUp returns amount/by rounded to the nearest, halves up; amount is not negative.
func DivideHalfUp(amount, by int64) int64 {
	q, rest := amount/by, amount%by
	if rest >= by-rest {
		q++
	}
	return q
}

// Power returns ten to the n, for n up to PriceScaleMax.
func Power(n uint8) int64 { return powers[n] }
