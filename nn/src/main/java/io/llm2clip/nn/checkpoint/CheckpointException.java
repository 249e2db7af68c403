package io.llm2clip.nn.checkpoint;

/** A checkpoint that cannot be read or written; the message names the file, what is wrong with it and the remedy. */
public final class CheckpointException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    /** Of the beginning and of the end of a message. */
    private static final int LONGEST = 2000;

    public CheckpointException(String message) {
        super(readable(message));
    }

    public CheckpointException(String message, Throwable cause) {
        super(readable(message), cause);
    }

    /** Names in a damaged or hostile file may have any length, and characters that terminals obey. */
    private static String readable(String message) {
        String cut = message.length() <= 2 * LONGEST
                ? message
                : message.substring(0, LONGEST) + " ... " + message.substring(message.length() - LONGEST);
        StringBuilder text = new StringBuilder(cut);
        for (int i = 0; i < cut.length(); i++) {
            char c = cut.charAt(i);
            if (Character.isISOControl(c) && c != '\n' && c != '\t') {
                text.setCharAt(i, '?');
            }
        }
        return text.toString();
    }
}
