package io.llm2clip.demo.scenes;

/** Names of a scene's streams of random numbers. */
final class Purpose {
    static final long SKY = 1;
    static final long GROUND = 2;
    static final long WEATHER = 3;
    /** One stream for each variant of the captions, counted up from here. */
    static final long CAPTIONS = 100;

    private Purpose() {}
}
