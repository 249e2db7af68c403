package io.llm2clip.bench.compare;

/** Work that this machine has nothing for; its message says what is missing, as half a sentence. */
final class AbsentException extends RuntimeException {
    private static final long serialVersionUID = 1;

    AbsentException(String reason) {
        super(reason);
    }
}
