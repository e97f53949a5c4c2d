package redisd

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// slots is how many a cluster has.
const slots = 16384

// LaunchCluster starts n nodes, gives each its share of the slots, and waits until they know each other. Their files are
// below dir.
func LaunchCluster(ctx context.Context, dir string, n int) ([]*Server, error) {
	var nodes []*Server
	for i := range n {
		own := filepath.Join(dir, strconv.Itoa(i))
		if err := os.Mkdir(own, 0o700); err != nil {
			return nodes, err
		}
		s, err := Launch(own, append(Volatile(), "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf")...)
		if err != nil {
			return nodes, err
		}
		nodes = append(nodes, s)
	}
	return nodes, join(ctx, nodes)
}

func join(ctx context.Context, nodes []*Server) error {
	first, port, _ := net.SplitHostPort(nodes[0].Addr)
	for i, node := range nodes {
		c := redis.NewClient(&redis.Options{Addr: node.Addr})
		err := c.ClusterAddSlotsRange(ctx, i*slots/len(nodes), (i+1)*slots/len(nodes)-1).Err()
		if i > 0 {
			err = errors.Join(err, c.ClusterMeet(ctx, first, port).Err())
		}
		if err := errors.Join(err, c.Close()); err != nil {
			return err
		}
	}
	for deadline := time.Now().Add(startup); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if joined(ctx, nodes) {
			return nil
		}
	}
	return errors.New("the nodes did not become a cluster")
}

func joined(ctx context.Context, nodes []*Server) bool {
	for _, node := range nodes {
		c := redis.NewClient(&redis.Options{Addr: node.Addr})
		info, err := c.ClusterInfo(ctx).Result()
		_ = c.Close()
		if err != nil || !strings.Contains(info, "cluster_state:ok") {
			return false
		}
	}
	return true
}

// Addrs are the addresses of servers.
func Addrs(list []*Server) []string {
	var out []string
	for _, s := range list {
		out = append(out, s.Addr)
	}
	return out
}
