/// The wire of natpunch-go.
package natt.wireguard.natpunch;
