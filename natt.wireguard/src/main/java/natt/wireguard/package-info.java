/// Ways to the peers of a WireGuard interface.
package natt.wireguard;
