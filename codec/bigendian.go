//go:build armbe || arm64be || m68k || mips || mips64 || mips64p32 || ppc || ppc64 || s390 || s390x || shbe || sparc || sparc64

package codec

// The fixed layouts are little endian and are read and written by casting memory. This name is nowhere: it is the
// compiler's error on a big-endian machine, instead of files that nobody else can read.
const _ = teziNeedsALittleEndianMachine
