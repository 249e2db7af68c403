package io.llm2clip.demo.scenes;

import static io.llm2clip.demo.scenes.Words.either;

import java.util.List;

/** Where a scene takes place. */
public enum Setting {
    MEADOW(
            either("in a meadow", "on a pasture", "on a lawn"),
            either("soft green hills roll in the distance", "gentle knolls rise far away", "mild slopes rise there"),
            either("fresh grass covers the ground", "turf grows here", "lush blades grow below"),
            either("the land looks fertile", "all plants thrive here", "all can thrive here")),
    BEACH(
            either("on a beach", "on a seashore", "on a coast"),
            either("the sea lies behind the sand", "the ocean is far back", "salt water is at the rear"),
            either("fine sand covers the ground", "grains form the floor", "dust is on the floor"),
            either("waves reach the shore", "the surf rolls in", "breakers wash in")),
    DESERT(
            either("in a desert", "in a wasteland", "in an arid region"),
            either("sand dunes rise in the background", "mounds close the view", "rolling ridges lie at the back"),
            either("the ground is bare and dry", "the soil is parched", "the earth is thirsty"),
            either("nothing seems to grow here", "there are no plants", "no plants live here")),
    SNOW_FIELD(
            either("in a snow field", "on a tundra", "in a frozen expanse"),
            either("deep snow covers the ground", "a frosty blanket lies below", "powder is on the floor"),
            either("the land is icy and cold", "it is freezing", "it is chilly here"),
            either("pale drifts form the horizon", "banks end the view", "heaps close the view")),
    LAKE(
            either("on a lake", "on open water", "on a broad pond"),
            either("small ripples shimmer on the surface", "wavelets glitter below", "swells sparkle below"),
            either("a low shore lies behind", "banks bound the far side", "a rim of land ends it"),
            either("calm water fills the foreground", "a pool is in front", "a still basin is in front")),
    MOUNTAINS(
            either("in the mountains", "in the highlands", "among alpine peaks"),
            either("steep summits rise in the background", "crags tower at the back", "cliffs loom far off"),
            either("snow lies on the tops", "frost caps the crests", "ice crowns the heights"),
            either("a valley opens in the foreground", "a dale is in front", "a glen is in front")),
    FARMLAND(
            either("on farmland", "on ploughed acres", "on tilled earth"),
            either("straight furrows run to the horizon", "ridges of earth lead away", "trenches lead away"),
            either("the soil is brown and rich", "the loam is dark", "the earth is tilled"),
            either("crops will grow here", "a harvest may follow", "seeds were sown here")),
    CITY(
            either("in a city", "in a town", "in an urban district"),
            either("tall buildings form a skyline", "towers line the back", "high blocks rise behind"),
            either("a paved road runs in front", "a street is below", "a lane is below"),
            either("many windows can be counted", "we see a lot of panes", "there is a lot of glass"));

    private final Words where;
    private final List<Words> details;

    Setting(Words where, Words... details) {
        this.where = where;
        this.details = List.of(details);
    }

    /** Preposition, then the place's name: "in a meadow". */
    Words where() {
        return where;
    }

    /** Sentences that tell what the setting looks like. */
    List<Words> details() {
        return details;
    }
}
