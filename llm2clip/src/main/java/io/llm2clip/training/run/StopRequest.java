package io.llm2clip.training.run;

/**
 * Asks a training to stop between two steps and to save what it has. Whoever asks learns whether there is a training that will: before
 * its first step and after its last there is nothing to save.
 */
public final class StopRequest {
    private int listeners;
    private boolean requested;

    /**
     * Asks for it.
     *
     * @return whether a training will stop; otherwise nothing happens
     */
    public synchronized boolean request() {
        requested |= listeners > 0;
        return requested;
    }

    /** Whether it was asked for. */
    public synchronized boolean isRequested() {
        return requested;
    }

    /** While what comes back is open, requests are heard. */
    synchronized Listening listen() {
        listeners++;
        return () -> {
            synchronized (this) {
                listeners--;
            }
        };
    }

    /** A training that will stop. */
    interface Listening extends AutoCloseable {
        @Override
        void close();
    }
}
