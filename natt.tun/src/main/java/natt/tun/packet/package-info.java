/// IP packets, where they may come from and go to.
package natt.tun.packet;
