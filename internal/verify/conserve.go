package verify

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// conserved checks V6 on the saved settlement file itself, without the code that wrote it: in each
// instrument the net shares and the net money of all members add up to nothing, and the shares
// bought are those of the trades, if all trades are there to be counted.
func conserved(dir string, traded uint64, all bool) error {
	f, err := os.Open(filepath.Join(dir, "settlement.csv"))
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	r := csv.NewReader(f)
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	first, last := slices.Index(header, "symbol"), slices.Index(header, "buy_qty")
	buy, netQty, netValue := last, slices.Index(header, "net_qty"), slices.Index(header, "net_value")
	if first < 0 || last < first || netQty < 0 || netValue < 0 {
		return violation("V6", "%s has no columns symbol, buy_qty, net_qty and net_value", f.Name())
	}
	type sums struct{ qty, value int64 }
	net := map[string]sums{}
	bought := uint64(0)
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
		qty, err1 := strconv.ParseInt(row[netQty], 10, 64)
		value, err2 := strconv.ParseInt(strings.Replace(row[netValue], ".", "", 1), 10, 64)
		add, err3 := strconv.ParseUint(row[buy], 10, 64)
		if err := errors.Join(err1, err2, err3); err != nil {
			return violation("V6", "%s: %v", f.Name(), err)
		}
		key := strings.Join(row[first:last], ",")
		net[key] = sums{net[key].qty + qty, net[key].value + value}
		bought += add
	}
	for instrument, s := range net {
		if s.qty != 0 || s.value != 0 {
			return violation("V6", "%s: the members' net in %s is %d shares and %d in money, want nothing", f.Name(), instrument, s.qty, s.value)
		}
	}
	if all && bought != traded {
		return violation("V6", "%s: %d shares bought, the trades have %d", f.Name(), bought, traded)
	}
	return nil
}
