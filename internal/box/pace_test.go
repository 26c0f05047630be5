package box

import (
	"slices"
	"testing"
)

func TestParsePace(t *testing.T) {
	for text, want := range map[string]Pace{
		"max": {}, "realtime": {Realtime: true}, "250000": {PerSecond: 250_000}, "250k": {PerSecond: 250_000},
		"250K": {PerSecond: 250_000}, "1.5m": {PerSecond: 1_500_000}, "2M": {PerSecond: 2_000_000}, "0.5": {PerSecond: 0.5},
		"0.001": {PerSecond: 0.001}, "1000m": {PerSecond: 1e9},
	} {
		if got, err := ParsePace(text); err != nil || got != want {
			t.Errorf("ParsePace(%q) = %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "k", "m", "fast", "Max", "1e400", "NaN", "Inf", "0.0001", "1001m", "5kk", "250 k", "0x"} {
		if got, err := ParsePace(text); err == nil {
			t.Errorf("ParsePace(%q) = %+v, want an error", text, got)
		}
	}
}

func TestPacer(t *testing.T) {
	const s = 1_000_000_000
	type command struct{ now, stamp int64 }
	for name, c := range map[string]struct {
		pace     Pace
		commands []command
		want     []int64
	}{
		// The n-th command is due n intervals after the first, however late the ones before it are.
		"rate": {Pace{PerSecond: 4}, []command{{10 * s, 0}, {10 * s, 0}, {17 * s, 0}, {17 * s, 0}, {17 * s, 0}},
			[]int64{10 * s, 10*s + s/4, 10*s + s/2, 10*s + 3*s/4, 11 * s}},
		"a slow rate": {Pace{PerSecond: 0.5}, []command{{s, 9}, {s, 8}}, []int64{s, 3 * s}},
		// The stamps set the distances; the first command is due at once.
		"realtime": {Pace{Realtime: true}, []command{{7 * s, 100 * s}, {7 * s, 100 * s}, {8 * s, 103 * s}, {30 * s, 104 * s}},
			[]int64{7 * s, 7 * s, 10 * s, 11 * s}},
		// One symbol's day behind another's: the clock starts again where the stamps go back.
		"realtime, stamps go back": {Pace{Realtime: true}, []command{{7 * s, 100 * s}, {7 * s, 105 * s}, {13 * s, 50 * s}, {13 * s, 52 * s}, {16 * s, 51 * s}, {16 * s, 52 * s}},
			[]int64{7 * s, 12 * s, 13 * s, 15 * s, 16 * s, 17 * s}},
	} {
		p := pacer{Pace: c.pace}
		if p.free() {
			t.Errorf("%s: the pacer paces nothing", name)
		}
		var got []int64
		for _, cmd := range c.commands {
			got = append(got, p.due(cmd.now, cmd.stamp))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: due at %d, want %d", name, got, c.want)
		}
	}
	if p := (pacer{}); !p.free() {
		t.Error("max is a pace")
	}
}

func TestParseParticipants(t *testing.T) {
	got, err := ParseParticipants("marketdata=c:3,risk=a:1,settlement=[::1]:2")
	if err != nil || len(got) != 3 || got["risk"] != "a:1" || got["settlement"] != "[::1]:2" || got["marketdata"] != "c:3" {
		t.Errorf("got %v, %v", got, err)
	}
	const each = ", want ROLE=HOST:PORT for each of risk, settlement, marketdata"
	for text, want := range map[string]string{
		"risk=a:1":                                        "participants: settlement is missing" + each,
		"risk=a:1,settlement=b:2":                         "participants: marketdata is missing" + each,
		"":                                                `participants: want ROLE=HOST:PORT for each of risk, settlement, marketdata, got ""`,
		"risk=a,settlement=b:2,marketdata=c:3":            `participants: want ROLE=HOST:PORT for each of risk, settlement, marketdata, got "risk=a"`,
		"risk=a:,settlement=b:2,marketdata=c:3":           `participants: want ROLE=HOST:PORT for each of risk, settlement, marketdata, got "risk=a:"`,
		"risk=,settlement=b:2,marketdata=c:3":             `participants: want ROLE=HOST:PORT for each of risk, settlement, marketdata, got "risk="`,
		"risk,settlement=b:2,marketdata=c:3":              `participants: want ROLE=HOST:PORT for each of risk, settlement, marketdata, got "risk"`,
		"clearing=a:1,settlement=b:2,marketdata=c:3":      `participants: want ROLE=HOST:PORT for each of risk, settlement, marketdata, got "clearing=a:1"`,
		"risk=a:1,settlement=b:2,marketdata=c:3,":         `participants: want ROLE=HOST:PORT for each of risk, settlement, marketdata, got ""`,
		"risk=a:1,risk=b:2,settlement=c:2,marketdata=c:3": `participants: risk is named twice`,
		"risk=a:1,settlement=a:1,marketdata=c:3":          `participants: risk and settlement have one address, a:1`,
	} {
		if got, err := ParseParticipants(text); err == nil || err.Error() != want {
			t.Errorf("ParseParticipants(%q) = %v, %v, want error %q", text, got, err, want)
		}
	}
}
