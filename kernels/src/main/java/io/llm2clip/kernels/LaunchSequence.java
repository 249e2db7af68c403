package io.llm2clip.kernels;

/** Launches bound to run in order, again and again, with whatever they hold on a device until they are closed. */
public interface LaunchSequence extends Launch, AutoCloseable {
    @Override
    void close();

    /** A sequence that holds nothing. */
    static LaunchSequence of(Launch launch) {
        return new LaunchSequence() {
            @Override
            public void run() {
                launch.run();
            }

            @Override
            public void close() {}
        };
    }
}
