module github.com/tezi-exchange/tezi/bench/peers

go 1.26.0

require (
	github.com/Workiva/go-datastructures v1.1.7
	github.com/google/flatbuffers v25.12.19+incompatible
	github.com/planetscale/vtprotobuf v0.6.0
	github.com/puzpuzpuz/xsync/v4 v4.5.0
	github.com/tezi-exchange/tezi v0.0.0
	google.golang.org/protobuf v1.36.12
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/tezi-exchange/tezi => ../..
