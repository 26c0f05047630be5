package risk

import "fmt"

// Defaults and limits of Config.
const (
	marginBpsDefault = 2000
	basisPoints      = 10_000
)

// Config holds the limits. A limit of 0 means none; amounts are in paise.
type Config struct {
	MarginBps         int64 // margin as a share of the exposure, in 1/100 of a per cent; 0 means 2000 (20 %)
	ClientExposureMax int64 // of one client of one member; client 0 stands for nobody and has none
	MemberExposureMax int64 // of all clients of one member
	TradeValueMax     int64 // price times quantity of one trade
}

func (c Config) withDefaults() (Config, error) {
	if c.MarginBps == 0 {
		c.MarginBps = marginBpsDefault
	}
	if c.MarginBps < 0 || c.MarginBps > basisPoints {
		return c, fmt.Errorf("risk: margin of %d basis points, want 1 to %d", c.MarginBps, basisPoints)
	}
	if c.ClientExposureMax < 0 || c.MemberExposureMax < 0 || c.TradeValueMax < 0 {
		return c, fmt.Errorf("risk: negative limit (client %d, member %d, trade %d), want 0 for none", c.ClientExposureMax, c.MemberExposureMax, c.TradeValueMax)
	}
	return c, nil
}

// limited reports whether a trade can be refused at all.
func (c *Config) limited() bool {
	return c.ClientExposureMax > 0 || c.MemberExposureMax > 0 || c.TradeValueMax > 0
}

// margin is the collateral for an exposure, rounded up to a paisa.
func (c *Config) margin(exposure int64) int64 {
	// In two steps, because exposure times MarginBps may not fit in 64 bits.
	whole, rest := exposure/basisPoints, exposure%basisPoints
	return whole*c.MarginBps + (rest*c.MarginBps+basisPoints-1)/basisPoints
}
