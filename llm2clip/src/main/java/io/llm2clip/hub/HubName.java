package io.llm2clip.hub;

import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A repository of the Hub at a revision, {@code owner/name} or {@code owner/name@revision}.
 *
 * @param owner user or organization
 * @param name of the repository
 * @param revision a branch, a tag or a commit
 */
public record HubName(String owner, String name, String revision) {
    /** The branch that is meant if none is named. */
    public static final String MAIN = "main";

    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");
    private static final Pattern FORMAT = Pattern.compile("([^/@]+)/([^/@]+)(?:@(.+))?");
    /** Letters, digits, {@code -}, {@code _} and {@code .}, the latter not at an end, nor twice, as the Hub has it. */
    private static final Pattern WORD =
            Pattern.compile("(?!.*(?:--|\\.\\.))[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?");

    private static final int LONGEST = 96;
    private static final String EXPECTED =
            "expected the name of a repository of the Hub, such as owner/name or owner/name@revision, found '%s'; check its spelling.";

    public HubName {
        if (!isWord(owner) || !isWord(name) || name.endsWith(".git") || !isRevision(revision)) {
            throw new IllegalArgumentException(EXPECTED.formatted(owner + "/" + name + "@" + revision));
        }
    }

    /** @throws IllegalArgumentException if it is no such name */
    public static HubName parse(String text) {
        Matcher matcher = FORMAT.matcher(text);
        if (!matcher.matches() || !isName(text)) {
            throw new IllegalArgumentException(EXPECTED.formatted(text));
        }
        String revision = matcher.group(3);
        return new HubName(matcher.group(1), matcher.group(2), revision == null ? MAIN : revision);
    }

    /** Whether a text could be such a name. */
    public static boolean isName(String text) {
        Matcher matcher = FORMAT.matcher(text);
        return matcher.matches()
                && isWord(matcher.group(1))
                && isWord(matcher.group(2))
                && !matcher.group(2).endsWith(".git")
                && (matcher.group(3) == null || isRevision(matcher.group(3)));
    }

    /** {@code owner/name}. */
    public String repository() {
        return owner + "/" + name;
    }

    /** Whether the revision is a commit, of which there is only one content. */
    boolean isCommit() {
        return isCommit(revision);
    }

    static boolean isCommit(String text) {
        return COMMIT.matcher(text).matches();
    }

    /** As it is written: without the revision if that is {@link #MAIN}. */
    @Override
    public String toString() {
        return revision.equals(MAIN) ? repository() : repository() + "@" + revision;
    }

    private static boolean isWord(String text) {
        return text.length() <= LONGEST && WORD.matcher(text).matches();
    }

    /** Of names of git's references those that are paths within a folder on any system. */
    private static boolean isRevision(String text) {
        return text.length() <= 200
                && text.chars().noneMatch(c -> c <= ' ' || c == 0x7f || "\\:*?\"<>|~^[".indexOf(c) >= 0)
                && Arrays.stream(text.split("/", -1))
                        .noneMatch(part -> part.isEmpty() || part.startsWith(".") || part.endsWith("."));
    }
}
