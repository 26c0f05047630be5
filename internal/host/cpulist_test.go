package host

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseCores(t *testing.T) {
	for list, want := range map[string][]int{
		"0": {0}, "2-5,7": {2, 3, 4, 5, 7}, " 7 , 1-2": {7, 1, 2}, "3-3": {3}, "1023": {1023},
	} {
		if got, err := ParseCores(list); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v (%v), want %v", list, got, err, want)
		}
	}
	for list, want := range map[string]string{
		"": "not a core number", "a": "not a core number", "1-": "not a core number", "-1": "not a core number",
		"1,,2": "not a core number", "5-2": "runs backwards", "1,1": "named twice", "0-3,2": "named twice",
		"1024": "not a core number", "0-99999999999": "not a core number", "1-2-3": "not a core number",
	} {
		if got, err := ParseCores(list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v (%v), want an error with %q", list, got, err, want)
		}
	}
}

func TestFormatCores(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cores := rapid.SliceOfNDistinct(rapid.IntRange(0, 20), 1, 15, rapid.ID[int]).Draw(t, "cores")
		got, err := ParseCores(FormatCores(cores))
		if err != nil || !slices.Equal(got, cores) {
			t.Fatalf("%v became %q and then %v (%v)", cores, FormatCores(cores), got, err)
		}
	})
	if got := FormatCores([]int{2, 3, 4, 5, 7}); got != "2-5,7" {
		t.Errorf("got %q", got)
	}
}

func FuzzParseCores(f *testing.F) {
	for _, seed := range []string{"2-5,7", "", "0-1023", "1,1", "-"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		cores, err := ParseCores(list)
		if err != nil {
			return
		}
		if len(cores) == 0 || len(cores) > coreMax+1 {
			t.Fatalf("%q gave %d cores", list, len(cores))
		}
	})
}
