package io.llm2clip.demo.scenes;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Draws scenes at random: the same seed and index give the same scene on every JVM. */
public final class SceneGenerator {
    private static final long INDEX_STRIDE = 1_000_003;

    private final long seed;

    public SceneGenerator(long seed) {
        this.seed = seed;
    }

    /**
     * The scene number {@code index}.
     *
     * @throws IllegalArgumentException if the index is not in 0..1000002: scenes of another seed begin there
     */
    public Scene scene(int index) {
        if (index < 0 || index >= INDEX_STRIDE) {
            throw new IllegalArgumentException("Scene index " + index + " is outside 0.." + (INDEX_STRIDE - 1)
                    + "; use another seed for more scenes.");
        }
        long sceneSeed = seed * INDEX_STRIDE + index;
        SceneRandom random = new SceneRandom(sceneSeed);
        Setting setting = random.pick(List.of(Setting.values()));
        Light light = random.pick(List.of(Light.values()));
        Weather weather = random.pick(List.of(Weather.values()));
        Orb orb = orb(random, light, weather);
        int horizon = random.between(63, 69);
        int groundCount = random.pick(List.of(1, 2, 2));
        int skyCount = groundCount == 1 ? 1 : random.pick(List.of(0, 1, 1));
        List<SceneObject> objects = new ArrayList<>();
        objects.addAll(groundObjects(random, groundCount));
        if (skyCount == 1) {
            objects.add(skyObject(random));
        }
        return new Scene(sceneSeed, setting, light, weather, orb, horizon, objects);
    }

    private static @Nullable Orb orb(SceneRandom random, Light light, Weather weather) {
        boolean crescent = random.chance(0.5);
        Orb.Place place = random.pick(List.of(Orb.Place.values()));
        if (!random.chance(0.8) || !weather.showsOrb()) {
            return null;
        }
        if (light != Light.NIGHT) {
            return new Orb(Orb.Kind.SUN, place);
        }
        return new Orb(crescent ? Orb.Kind.CRESCENT : Orb.Kind.FULL_MOON, place);
    }

    private static List<SceneObject> groundObjects(SceneRandom random, int count) {
        List<Kind.Ground> kinds = new ArrayList<>(List.of(Kind.Ground.values()));
        List<Slot> slots = new ArrayList<>(Slot.GROUND);
        random.shuffle(kinds);
        random.shuffle(slots);
        List<SceneObject> objects = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Size size = random.pick(List.of(Size.values()));
            Slot slot = slots.get(i);
            int height = size == Size.SMALL ? random.between(25, 31) : random.between(44, 52);
            int x = slot.x() + random.between(-3, 3);
            objects.add(new SceneObject(
                    kinds.get(i), colour(random), pattern(random), size, slot, x, random.between(101, 113), height));
        }
        return objects;
    }

    private static SceneObject skyObject(SceneRandom random) {
        Kind.Sky kind = random.pick(List.of(Kind.Sky.values()));
        Size size = random.pick(List.of(Size.values()));
        Slot slot = random.pick(Slot.SKY);
        int height = size == Size.SMALL ? random.between(18, 22) : random.between(31, 37);
        int x = slot.x() + random.between(-5, 5);
        return new SceneObject(kind, colour(random), pattern(random), size, slot, x, random.between(32, 42), height);
    }

    private static Colour colour(SceneRandom random) {
        return random.pick(List.of(Colour.values()));
    }

    private static Pattern pattern(SceneRandom random) {
        return random.chance(0.4)
                ? Pattern.PLAIN
                : random.pick(List.of(Pattern.STRIPED, Pattern.DOTTED, Pattern.CHECKED));
    }
}
