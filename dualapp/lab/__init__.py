"""``dualapp tradeoff``: one application under several servers, loaded, compared, explained."""
