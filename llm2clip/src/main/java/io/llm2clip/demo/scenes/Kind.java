package io.llm2clip.demo.scenes;

import static io.llm2clip.demo.scenes.Words.either;

/** What an object is. */
public sealed interface Kind {

    Words noun();

    /** The enum constant's name. */
    String name();

    /** Things that stand on the ground. */
    enum Ground implements Kind {
        HOUSE(either("house", "cottage", "cabin")),
        TENT(either("tent", "teepee", "wigwam")),
        CAR(either("car", "automobile", "sedan")),
        PINE(either("pine", "fir", "conifer")),
        LEAFY_TREE(either("leafy tree", "oak", "maple")),
        LIGHTHOUSE(either("lighthouse", "beacon tower", "harbour beacon")),
        MUSHROOM(either("mushroom", "toadstool", "fungus")),
        PARASOL(either("parasol", "umbrella", "sunshade")),
        FLOWER(either("flower", "blossom", "bloom")),
        SAILBOAT(either("sailboat", "yacht", "sloop"));

        private final Words noun;

        Ground(Words noun) {
            this.noun = noun;
        }

        @Override
        public Words noun() {
            return noun;
        }
    }

    /** Things that fly. */
    enum Sky implements Kind {
        BALLOON(either("hot-air balloon", "aerostat", "montgolfier")),
        KITE(either("kite", "paper flier", "string glider")),
        BIRD(either("bird", "gull", "swallow")),
        ROCKET(either("rocket", "spaceship", "shuttle")),
        STAR(either("star", "pentagram", "pentacle"));

        private final Words noun;

        Sky(Words noun) {
            this.noun = noun;
        }

        @Override
        public Words noun() {
            return noun;
        }
    }
}
