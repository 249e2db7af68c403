package io.llm2clip.demo.scenes;

/** Three ways to say one thing; {@code first} is its main form. A frame such as {@code "rather %s"} is also words. */
public record Words(String first, String second, String third) {

    /** The main form's share under {@link Wording#ALL}. */
    static final double MAIN_SHARE = 0.65;

    static Words either(String first, String second, String third) {
        return new Words(first, second, third);
    }

    String choose(Wording wording, SceneRandom random) {
        double u = random.uniform();
        return switch (wording) {
            case FIRST -> first;
            case OTHER -> u < 0.5 ? second : third;
            case ALL -> {
                if (u < MAIN_SHARE) {
                    yield first;
                }
                yield u < (1 + MAIN_SHARE) / 2 ? second : third;
            }
        };
    }
}
