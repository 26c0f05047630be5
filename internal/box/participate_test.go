package box

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
)

// TestPortIsAnybodysMeanwhile: a participant that is started again waits for its port, which another process has for a moment.
// It once gave up at once, and the run with it. One that was never there, or is told to end, does not wait, and none for ever.
func TestPortIsAnybodysMeanwhile(t *testing.T) {
	taken := fmt.Errorf("cannot listen: %w", syscall.EADDRINUSE)
	other := errors.New("no such address")
	const ever = 1 << 30
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx     context.Context
		boot    uint32
		fails   int // so many times
		with    error
		want    error
		triesOf int // at least; 0: one
	}{
		"free":               {t.Context(), 2, 0, nil, nil, 0},
		"free after a while": {t.Context(), 2, 7, taken, nil, 8},
		"never free":         {t.Context(), 3, ever, taken, taken, 100},
		"first start":        {t.Context(), 1, ever, taken, taken, 0},
		"another error":      {t.Context(), 2, ever, other, other, 0},
		"told to end":        {over, 2, ever, taken, taken, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			var said bytes.Buffer
			o := ParticipantOptions{Boot: c.boot, Log: slog.New(slog.NewTextHandler(&said, nil))}
			err := onPort(c.ctx, &o, func() error {
				if tries++; tries <= c.fails {
					return c.with
				}
				return nil
			})
			if err != c.want || tries < max(c.triesOf, 1) || c.triesOf == 0 && tries != 1 {
				t.Errorf("%s: %v after %d tries", name, err, tries)
			}
			if n := strings.Count(said.String(), "waits for the port"); (n == 1) != (c.triesOf > 0) {
				t.Errorf("%s: says %d times that it waits", name, n)
			}
		})
	}
}

// TestHostWithoutAddress: it is named at once, and not when the run has waited in vain.
func TestHostWithoutAddress(t *testing.T) {
	addrs := map[string]string{"risk": "127.0.0.1:7001", "settlement": ":7002", "marketdata": "nobody..invalid:7003"}
	err := Named(t.Context(), addrs)
	var unknown *net.DNSError
	if !errors.As(err, &unknown) || !strings.Contains(err.Error(), "marketdata=nobody..invalid:7003") {
		t.Errorf("%v, want the name that is not known", err)
	}
	addrs["marketdata"] = "[::1]:7003"
	if err := Named(t.Context(), addrs); err != nil {
		t.Error(err)
	}
}
