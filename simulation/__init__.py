"""A venue that is not there: hardware that speaks the real protocols, a stand-in trading platform, people with badges."""
