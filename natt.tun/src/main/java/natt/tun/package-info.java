/// IP packets over sessions, on a TUN device.
package natt.tun;
