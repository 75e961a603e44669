CREATE TABLE IF NOT EXISTS accounts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    password text NOT NULL
);

CREATE TABLE IF NOT EXISTS notes (
    owner bigint NOT NULL REFERENCES accounts,
    id uuid NOT NULL,
    text text NOT NULL,
    made timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner, id)
);
