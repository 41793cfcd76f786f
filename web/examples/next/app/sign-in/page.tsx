import { signIn } from "./actions";

interface Props {
  searchParams: Promise<{ back?: string }>;
}

export default async function SignInPage({ searchParams }: Props) {
  const { back = "/" } = await searchParams;
  return (
    <main className="narrow">
      <h1>Sign in</h1>
      <p>For development: paste a token of a user, as `make run` of Almanac prints one.</p>
      <form action={signIn}>
        <input type="hidden" name="back" value={back} />
        <label>
          Token
          <textarea name="token" rows={4} required autoComplete="off" spellCheck={false} />
        </label>
        <button>Sign in</button>
      </form>
    </main>
  );
}
