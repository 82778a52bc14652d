"""What both skins (api/, web/) stand on: who is asking, what protects a route, how errors answer."""
