/// The wire of natpunch-go, which finds endpoints of WireGuard's peers.
package natt.wireguard.natpunch;
