"""The ground's end of the link: framing, reliable link, client, GDS plugin, emulated payload on a port."""
